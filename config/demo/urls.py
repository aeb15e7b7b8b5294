from django.urls import path

from config.demo import account_page, mails

urlpatterns = [
    path("demonstration/", account_page.show_demonstration, name="demonstration"),
    path("mails/", mails.show_mails, name="mails"),
    path("mails/<uuid:key>/", mails.show_mail, name="mail"),
]
