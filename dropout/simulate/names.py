"""Given and family names, each as a school writes it in French transliteration and in Arabic script."""

GIRLS = (
    ("Fatima-Zahra", "فاطمة الزهراء"), ("Khadija", "خديجة"), ("Aïcha", "عائشة"), ("Salma", "سلمى"),
    ("Meryem", "مريم"), ("Hajar", "هاجر"), ("Imane", "إيمان"), ("Nour", "نور"), ("Chaïmae", "شيماء"),
    ("Oumaïma", "أميمة"), ("Kawtar", "كوثر"), ("Soukaïna", "سكينة"), ("Zineb", "زينب"), ("Hiba", "هبة"),
    ("Malak", "ملاك"), ("Doha", "ضحى"), ("Ikram", "إكرام"), ("Loubna", "لبنى"), ("Rania", "رانيا"),
    ("Sanae", "سناء"), ("Houda", "هدى"), ("Naïma", "نعيمة"), ("Tilelli", "تيليلي"), ("Yasmine", "ياسمين"),
)  # fmt: skip
BOYS = (
    ("Mohamed", "محمد"), ("Youssef", "يوسف"), ("Ayoub", "أيوب"), ("Hamza", "حمزة"), ("Anas", "أنس"),
    ("Ismaïl", "إسماعيل"), ("Ilyas", "إلياس"), ("Zakaria", "زكرياء"), ("Abdellah", "عبد الله"), ("Reda", "رضا"),
    ("Taha", "طه"), ("Oussama", "أسامة"), ("Soufiane", "سفيان"), ("Bilal", "بلال"), ("Walid", "وليد"),
    ("Mehdi", "المهدي"), ("Saïd", "سعيد"), ("Badr", "بدر"), ("Aymen", "أيمن"), ("Adam", "آدم"),
    ("Idir", "إيدير"), ("Noureddine", "نور الدين"), ("Hicham", "هشام"), ("Rachid", "رشيد"),
)  # fmt: skip
FAMILIES = (
    ("Alaoui", "العلوي"), ("Bennani", "بناني"), ("El Idrissi", "الإدريسي"), ("Berrada", "برادة"),
    ("Tazi", "التازي"), ("El Amrani", "العمراني"), ("Fassi-Fihri", "الفاسي الفهري"), ("Benjelloun", "بنجلون"),
    ("Chraïbi", "الشرايبي"), ("Aït Ahmed", "آيت أحمد"), ("Ouhmouch", "أوحموش"), ("Amzil", "أمزيل"),
    ("Bouzidi", "البوزيدي"), ("El Mansouri", "المنصوري"), ("Naciri", "الناصري"), ("Lahlou", "لحلو"),
    ("Belkadi", "بلقاضي"), ("Hamdaoui", "الحمداوي"), ("Ziani", "الزياني"), ("Zeroual", "زروال"),
    ("Sqalli", "الصقلي"), ("Kettani", "الكتاني"), ("Rahmouni", "الرحموني"), ("Ouazzani", "الوزاني"),
    ("Bensaïd", "بنسعيد"), ("El Hajjami", "الحجامي"), ("Moutaouakil", "المتوكل"), ("Aït Baha", "آيت باها"),
    ("Ouchen", "أوشن"), ("Haddad", "حداد"), ("El Khattabi", "الخطابي"), ("Sebti", "السبتي"),
    ("Daoudi", "الداودي"), ("Jebbari", "الجباري"), ("Mernissi", "المرنيسي"), ("Tahiri", "الطاهري"),
)  # fmt: skip
SCHOOLS = (
    "Al Massira", "Ibn Khaldoun", "Moulay Idriss", "Oued El Makhazine", "Al Qods", "Fatima Al Fihria",
    "Ibn Battouta", "Mohammed V", "Anoual", "Tarik Ibn Ziad", "Al Khawarizmi", "Ibn Sina", "La Liberté",
    "Sidi Bouzékri", "Aïn Chkef", "Zerhoun", "Al Atlas", "Youssef Ibn Tachfine", "Imouzzer", "Ibn Rochd",
)  # fmt: skip
ACADEMIES = ("Fès-Meknès", "Béni Mellal-Khénifra", "Drâa-Tafilalet")
